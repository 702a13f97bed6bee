"""What a run leaves behind for people and programs: documents (JSON) and texts."""
