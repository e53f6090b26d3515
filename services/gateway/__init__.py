"""The HTTP edge: it turns what is asked over HTTP into commands and queries, and stores nothing."""
