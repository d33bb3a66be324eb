"""The two corrections: a person resolves a review, or undoes a sync. Each correction is a sync of its own."""
