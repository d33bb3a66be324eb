-- Rules about text that several SELECTs of DuckDB apply. Each connection to a district's file defines them.

-- The email of a record as it is matched: without blanks around it, and null if nothing is left (docs/rules.md R2.4).
create or replace temporary macro clean_email(email) as nullif(trim(email, e' \t\r\n'), '');

-- Whether an account may get an email (docs/rules.md R2.6): one @, nothing blank or invisible, no bracket, a dotted
-- domain, and the lengths of RFC 5321. False if there is no email.
create or replace temporary macro is_valid_email(email) as coalesce(
    regexp_full_match(email, '[^\p{C}\p{Z}\x{FFFD}@",:;<>()\[\]\\]+@[\p{L}\p{M}\p{N}-]+(\.[\p{L}\p{M}\p{N}-]+)+')
    and not regexp_matches(email, '@(.*\.)?-|@.*-(\.|$)')
    and length(email) <= 254 and instr(email, '@') <= 65
    and email not like '.%' and email not like '%..%' and email not like '%.@%',
    false
);

-- A name in the form in which names are compared: trimmed, in lower case, without accents, and null if it is empty.
create or replace temporary macro fold_name(name) as nullif(strip_accents(lower(trim(name))), '');

-- A text without blanks, control characters and characters that are invisible by default (Unicode
-- Default_Ignorable_Code_Point). The function roster.near_email of PostgreSQL removes the same characters.
create or replace temporary macro remove_invisible(text) as regexp_replace(
    text,
    '[\p{C}\p{Z}\x{34F}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180B}-\x{180F}\x{2065}\x{2800}\x{3164}\x{FE00}-\x{FE0F}\x{FFA0}\x{FFF0}-\x{FFF8}\x{E0000}-\x{E0FFF}]',
    '',
    'g'
);
