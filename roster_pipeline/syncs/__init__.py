"""The life of a sync in the product's tables: its beginning and end, its holds, the requests it answers, the alerts."""
