"""The field's data sets: facts and a thin parser each, giving one manifest."""
