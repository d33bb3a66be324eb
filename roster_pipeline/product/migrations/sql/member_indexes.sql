-- The index of the live students of a class, for the counts of the lists and for what a school admin sees.

create index roster_students_live on roster.roster_students (roster_id, account_id) where ended_at is null;
