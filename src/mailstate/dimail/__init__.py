"""dimail over HTTP: the only place that knows its calls, its answers and their oddities."""
