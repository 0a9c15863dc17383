"""The forge that the state files live on: comments at pull requests, issues, artifacts."""
