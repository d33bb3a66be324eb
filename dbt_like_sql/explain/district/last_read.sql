-- The last read of the district that came to its end: the sync that read it, and what Clever said of the district.
select sync_id, sync_uid, state as clever_state, last_sync as uploaded_at
from raw.district
