"""What `script/pictures` takes: each file has a list `PICTURES` of (name, function)."""
