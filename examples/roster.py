"""A notebook about the analysts' database: enrollment by week, joiners and leavers, class sizes and freshness.

.venv/bin/python -m pip install --constraint constraints.txt --editable '.[notebook]'
.venv/bin/marimo run examples/roster.py -- --snapshot .roster/snapshots/latest.duckdb
"""

import marimo

app = marimo.App(width="medium", app_title="Rosters")


@app.cell
def _():
    import duckdb
    import marimo as mo
    from matplotlib.figure import Figure

    return Figure, duckdb, mo


@app.cell
def _(duckdb, mo):
    snapshot = mo.cli_args().get("snapshot") or ".roster/snapshots/latest.duckdb"
    con = duckdb.connect(snapshot, read_only=True)
    return (con,)


@app.cell
def _(con):
    # Places of students in classes at the end of each of the last twelve weeks. The last one is now.
    weeks = con.execute(
        """
        with weeks as (
            select unnest(generate_series(
                date_trunc('week', now()) - interval '77 days', date_trunc('week', now()) + interval '7 days',
                interval '7 days'
            )) as week_ends
        )

        select cast(week_ends as date), count(enrollment.roster_id)
        from weeks
        left join enrollments_history as enrollment
            on enrollment.valid_from < week_ends
            and (enrollment.valid_to is null or enrollment.valid_to >= week_ends)
            and enrollment.role = 'student'
        group by week_ends
        order by week_ends
        """
    ).fetchall()
    # People who joined or left a district, by week. The first load of a district is no move.
    moves = con.execute(
        """
        select
            cast(date_trunc('week', moved_at) + interval '7 days' as date) as week_ends,
            count(*) filter (where move = 'joined'),
            count(*) filter (where move = 'left')
        from movers
        where not is_first_load and moved_at > now() - interval '84 days'
        group by week_ends
        order by week_ends
        """
    ).fetchall()
    sizes = con.execute(
        """
        select count(enrollment.roster_id)
        from rosters as class
        left join enrollments as enrollment
            on enrollment.district_id = class.district_id
            and enrollment.roster_id = class.roster_id
            and enrollment.role = 'student'
        group by class.district_id, class.roster_id
        """
    ).fetchall()
    freshness = con.execute(
        "select name, hours_since_published from freshness where hours_since_published is not null order by all"
    ).fetchall()
    return freshness, moves, sizes, weeks


@app.cell
def _(Figure, freshness, moves, sizes, weeks):
    figure = Figure(figsize=(10, 6), layout="constrained")
    ((enrollment, joined), (classes, fresh)) = figure.subplots(2, 2)

    enrollment.set_title("Students' places in classes, by week")
    enrollment.bar([f"{day:%d %b}" for day, _ in weeks], [count for _, count in weeks], color="#1d5bbf")
    enrollment.tick_params(axis="x", rotation=60)

    joined.set_title("People who joined and left, by week")
    joined.bar([f"{day:%d %b}" for day, *_ in moves], [count for _, count, _ in moves], color="#2e7d32", label="joined")
    joined.bar([f"{day:%d %b}" for day, *_ in moves], [-count for *_, count in moves], color="#b3261e", label="left")
    joined.axhline(0, color="black", linewidth=0.8)
    joined.tick_params(axis="x", rotation=60)
    joined.legend()

    classes.set_title("Class sizes")
    classes.hist([size for (size,) in sizes], bins=20, color="#6750a4")
    classes.set_xlabel("students")
    classes.set_ylabel("classes")

    fresh.set_title("Hours since each district was published")
    fresh.barh([name for name, _ in freshness], [hours for _, hours in freshness], color="#8d6e00")
    return (figure,)


@app.cell
def _(figure, mo):
    mo.vstack([mo.md("# Rosters"), mo.as_html(figure)])
    return


if __name__ == "__main__":
    app.run()
