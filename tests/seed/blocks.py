"""The seed's code blocks, with the indentation that its page has lost; nothing else is changed."""

from __future__ import annotations

from dataclasses import dataclass

from smartllm.testing import Reply

PERSON = Reply(structured={"name": "John", "age": 30})
ANALYSIS = {"topic": "t", "pros": ["p"], "cons": ["c"], "recommendation": "monolith"}


@dataclass(frozen=True)
class Block:
    """One code block.

    Attributes:
        code: The block.
        replies: What the server answers.
        provider: Whose ``client`` it speaks of, if it makes none.
        prints: Texts that it prints, in this order.
        requests: How many requests it makes.
        given: Code for names that earlier text has introduced.
    """

    code: str
    replies: tuple[Reply, ...] = ()
    provider: str = "openai"
    prints: tuple[str, ...] = ()
    requests: int = 1
    given: str = ""


BLOCKS = {
    "quick start": Block(
        """
import asyncio
from smartllm import LLMClient, TextRequest

async def main():
    async with LLMClient(provider="openai") as client:
        response = await client.generate_text(
            TextRequest(prompt="What is the capital of France?")
        )
        print(response.text)

asyncio.run(main())
""",
        (Reply(text="Paris"),),
        prints=("Paris",),
    ),
    "programmatic configuration": Block(
        """
from smartllm import LLMClient, LLMConfig

config = LLMConfig(
    provider="openai",
    api_key="your-api-key",
    default_model="gpt-4o",
    temperature=0.7,
    max_tokens=2048,
    max_retries=3,
)

async with LLMClient(config) as client:
    ...
""",
        requests=0,
    ),
    "multi-turn conversations": Block(
        """
from smartllm import LLMClient, MessageRequest, Message

async with LLMClient(provider="openai") as client:
    messages = [
        Message(role="user", content="My name is Alice."),
        Message(role="assistant", content="Nice to meet you, Alice!"),
        Message(role="user", content="What's my name?"),
    ]
    response = await client.send_message(MessageRequest(messages=messages))
    print(response.text) # "Your name is Alice."
""",
        (Reply(text="Your name is Alice."),),
        prints=("Your name is Alice.",),
    ),
    "structured output": Block(
        """
from pydantic import BaseModel
from smartllm import LLMClient, TextRequest

class Person(BaseModel):
    name: str
    age: int

async with LLMClient(provider="openai") as client:
    response = await client.generate_text(
        TextRequest(prompt="Return a person named John, age 30.", response_format=Person)
    )
    print(response.structured_data.name) # "John"
""",
        (PERSON,),
        prints=("John",),
    ),
    "streaming": Block(
        """
async with LLMClient(provider="openai") as client:
    async for chunk in client.generate_text_stream(
        TextRequest(prompt="Write a short poem.", stream=True)
    ):
        print(chunk.text, end="", flush=True)
""",
        (Reply(text="roses are red"),),
        prints=("roses are red",),
    ),
    "streaming with assembly": Block(
        """
async with LLMClient(provider="bedrock") as client:
    response = await client.generate_text_streamed(
        TextRequest(
            prompt="Write a 5000-word technical analysis...",
            max_tokens=8192,
            temperature=0,
        )
    )
    # Returns a normal TextResponse — no chunk iteration needed
    print(response.text)
    print(f"Tokens: {response.input_tokens} in, {response.output_tokens} out")
""",
        (Reply(text="a long analysis"),),
        prints=("a long analysis", "Tokens: "),
    ),
    "progress events during streaming": Block(
        """
def on_progress(event):
    if event["event"] == "stream_progress":
        print(f"{event['text_tokens_so_far']} tokens generated...")
    elif event["event"] == "stream_thinking":
        print(f"{event['thinking_tokens_so_far']} thinking tokens...")

response = await client.generate_text_streamed(
    TextRequest(prompt="...", on_progress=on_progress)
)
""",
        (Reply(text="word " * 500, chunks=["word "] * 500),),
        provider="bedrock",
        prints=("500 tokens generated...",),
    ),
    "reasoning models": Block(
        """
response = await client.generate_text(
    TextRequest(
        prompt="Solve: what is the 100th Fibonacci number?",
        reasoning_effort="high", # "low", "medium", or "high"
    )
)
print(response.text)
print(f"Reasoning tokens: {response.reasoning_tokens}")
""",
        (Reply(text="354224848179261915075", thinking="add, add, add"),),
        prints=("354224848179261915075", "Reasoning tokens: "),
    ),
    "extended thinking": Block(
        """
async with LLMClient(provider="bedrock") as client:
    # Works identically across Claude generations.
    response = await client.generate_text(
        TextRequest(
            prompt="Analyze the tradeoffs of event sourcing vs CRUD.",
            model="eu.anthropic.claude-sonnet-4-6", # or eu.anthropic.claude-opus-4-7
            reasoning_effort="high", # "low" | "medium" | "high"
        )
    )
    print(response.text)
    print(f"Reasoning tokens: {response.reasoning_tokens}")
    print(f"Thinking trace: {response.metadata.get('thinking', '')[:200]}")
""",
        (Reply(text="it depends", thinking="on what"),),
        prints=("it depends", "Reasoning tokens: ", "Thinking trace: on what"),
    ),
    "a budget of tokens": Block(
        """
response = await client.generate_text(
    TextRequest(
        prompt="Solve this step by step...",
        model="eu.anthropic.claude-sonnet-4-6",
        budget_tokens=8192, # minimum 1024
    )
)
""",
        provider="bedrock",
    ),
    "capability inspection": Block(
        """
from smartllm.bedrock import BedrockLLMClient
from smartllm.bedrock.capabilities import get_model_capabilities, supports_thinking

caps = get_model_capabilities("eu.anthropic.claude-opus-4-7")
# ModelCapabilities(
#     family='claude-opus-4-7',
#     accepts_temperature=False,
#     accepts_top_p_top_k=False,
#     thinking_mode='adaptive_effort',
# )

supports_thinking("us.anthropic.claude-3-5-sonnet-20241022-v2:0") # False
supports_thinking("eu.anthropic.claude-sonnet-4-6") # True

# Equivalent staticmethods on the client:
BedrockLLMClient.get_model_capabilities("...")
BedrockLLMClient.supports_thinking("...")
""",
        requests=0,
    ),
    "extended thinking and structured output": Block(
        """
from pydantic import BaseModel
from typing import List

class Analysis(BaseModel):
    topic: str
    pros: List[str]
    cons: List[str]
    recommendation: str

response = await client.generate_text(
    TextRequest(
        prompt="Should we use microservices or a monolith?",
        model="eu.anthropic.claude-sonnet-4-6",
        reasoning_effort="medium",
        response_format=Analysis,
    )
)
print(response.structured_data.recommendation)
print(response.metadata["pass1_tokens"]) # {"input": ..., "output": ...}
print(response.metadata["pass2_tokens"]) # {"input": ..., "output": ...}
""",
        (Reply(text="A monolith.", thinking="small team"), Reply(structured=ANALYSIS)),
        provider="bedrock",
        prints=("monolith", "{'input': ", "{'input': "),
        requests=2,
    ),
    "streaming with extended thinking": Block(
        """
async for chunk in client.generate_text_stream(
    TextRequest(prompt="Explain quantum entanglement.", reasoning_effort="medium", stream=True)
):
    if chunk.metadata.get("type") == "thinking":
        print(f"[thinking] {chunk.text}", end="")
    else:
        print(chunk.text, end="")
""",
        (Reply(text="spooky", thinking="hm"),),
        provider="bedrock",
        prints=("[thinking] hm", "spooky"),
    ),
    "multi-turn conversations with thinking": Block(
        """
from smartllm import LLMClient, MessageRequest, Message

async with LLMClient(provider="bedrock") as client:
    messages = [
        Message(role="user", content="I'm planning a 2-week trip to Japan."),
        Message(role="assistant", content="Great! What's your budget and what interests you?"),
        Message(role="user", content="$3000, history and food. Plan a rough itinerary."),
    ]
    response = await client.send_message(
        MessageRequest(
            messages=messages,
            model="eu.anthropic.claude-opus-4-7",
            reasoning_effort="medium",
        )
    )
    print(response.text)
""",
        (Reply(text="Kyoto first"),),
        prints=("Kyoto first",),
    ),
    "api types": Block(
        """
# Responses API (default, recommended)
TextRequest(prompt="Hello", api_type="responses")
# Chat Completions API (legacy)
TextRequest(prompt="Hello", api_type="chat_completions")
""",
        requests=0,
    ),
    "concurrent requests": Block(
        """
tasks = [client.generate_text(TextRequest(prompt=p)) for p in prompts]
responses = await asyncio.gather(*tasks)
""",
        given="import asyncio\nprompts = ['a', 'b', 'c']",
        requests=3,
    ),
    "progress callbacks": Block(
        """
async def on_progress(event):
    print(event)

response = await client.generate_text(
    TextRequest(prompt="Hello", on_progress=on_progress)
)
""",
        prints=("llm_started", "llm_done"),
    ),
    "dynamodb caching": Block(
        """
async with LLMClient(provider="openai", dynamo_table_name="my-llm-cache") as client:
    ...
""",
        requests=0,
    ),
    "provider-specific clients": Block(
        """
from smartllm.openai import OpenAILLMClient, OpenAIConfig
from smartllm.bedrock import BedrockLLMClient, BedrockConfig

async with OpenAILLMClient(OpenAIConfig(api_key="...")) as client:
    models = await client.list_available_models()

async with BedrockLLMClient(BedrockConfig(aws_region="us-east-1", read_timeout=300)) as client:
    models = await client.list_available_model_ids()
""",
        requests=3,
    ),
    "truncated output": Block(
        """
try:
    response = await client.generate_text(
        TextRequest(prompt="...", response_format=MyModel, max_tokens=100)
    )
except ValueError as e:
    print(e) # "Bedrock truncated structured output (stop_reason=max_tokens)"
    # "OpenAI truncated structured output (finish_reason=length)"
    # "OpenAI truncated structured output (status=incomplete)"
""",
        (Reply(structured={"a": 1}, stop_reason="max_tokens"),),
        provider="bedrock",
        prints=("Bedrock truncated structured output (stop_reason=max_tokens)",),
        given="from pydantic import BaseModel\nclass MyModel(BaseModel):\n    a: int",
    ),
    "a validator for fragmented lists": Block(
        """
import json
from pydantic import BaseModel, field_validator

class BookList(BaseModel):
    books: list[str]

    @field_validator("books", mode="before")
    @classmethod
    def parse_json_string(cls, v):
        if isinstance(v, str):
            return json.loads(v)
        return v
""",
        requests=0,
    ),
    "caching": Block(
        """
response1 = await client.generate_text(TextRequest(prompt="What is 2+2?", temperature=0))
print(response1.cache_source) # "miss"

response2 = await client.generate_text(TextRequest(prompt="What is 2+2?", temperature=0))
print(response2.cache_source) # "l1" or "l2"

# Force refresh
response3 = await client.generate_text(TextRequest(prompt="What is 2+2?", temperature=0, clear_cache=True))
""",
        prints=("miss", "l1"),
        requests=2,
    ),
}
