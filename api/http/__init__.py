"""HTTP itself: problems, fields, paging, limits, the request log."""
