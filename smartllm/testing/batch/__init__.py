"""The providers' batch engines in a sandbox: files and batches of OpenAI's, jobs of Bedrock's."""
