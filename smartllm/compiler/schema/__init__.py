"""JSON Schema: lowered to what a target takes, and answers restored from it."""
