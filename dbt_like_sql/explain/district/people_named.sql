-- The people in Clever who have, for each word of the question, a word of the name or an email that begins with it.
-- Accents and the case of letters do not matter. `is_whole` says whether the question is the whole name.
with people as (
    select id as clever_id, 'teacher' as role, name.first as first_name, name.last as last_name, email,
        roles.teacher.schools as school_ids
    from raw.teachers
    union all by name
    select id as clever_id, 'student' as role, name.first as first_name, name.last as last_name, email,
        roles.student.schools as school_ids
    from raw.students
),

folded as (
    select
        *,
        fold_name(concat_ws(' ', first_name, last_name)) as whole,
        string_split(coalesce(fold_name(concat_ws(' ', first_name, last_name, email)), ''), ' ') as words
    from people
)

select
    clever_id,
    role,
    first_name,
    last_name,
    coalesce(school_ids, []) as school_ids,
    coalesce(whole = fold_name($question), false) as is_whole
from folded
where list_bool_and(
    list_transform(
        string_split(fold_name($question), ' '),
        lambda wanted: list_bool_or(list_transform(words, lambda word: starts_with(word, wanted)))
    )
)
order by last_name, first_name, clever_id
limit 51
