"""OpenAI's Responses: POST /responses."""
