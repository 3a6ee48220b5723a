"""What `script/bench` measures: each module has `run`, which returns a `figures.Report`."""
