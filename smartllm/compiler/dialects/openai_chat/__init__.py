"""OpenAI's Chat Completions: POST /chat/completions."""
