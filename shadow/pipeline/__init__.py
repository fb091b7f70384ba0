"""One exchange through the audit: received, read, checked, shadowed, compared, recorded."""
