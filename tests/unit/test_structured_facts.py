"""Which of OpenAI's models bind an answer to a schema by themselves, read from the pages once more."""

from model_facts import CHAT, CONVERSE, FACTS, GPT_ON_CONVERSE, OSS, RESPONSES, RESTRICTED, those


def test_openai() -> None:
    """D: from gpt-4o-2024-08-06 on; the pages of 5.2-pro, 5.4-pro and deep research leave it out."""
    before = {"gpt-3.5-turbo", "gpt-4", "gpt-4-turbo", "gpt-4-1106-preview", "gpt-4o-2024-05-13"}
    before |= {"chatgpt-4o-latest", "o1-preview", "o1-mini", "codex-mini-latest"}
    without = {
        "o3-deep-research",
        "o4-mini-deep-research",
        "computer-use-preview",
        "gpt-5.2-pro",
        "gpt-5.4-pro",
    }
    for dialect in (RESPONSES, CHAT):
        never = (before | without | RESTRICTED) & set(FACTS[dialect])
        assert those(dialect, "structured.native", False) == never


def test_gpt_on_converse() -> None:
    """D: cards of GPT-5.6 and 6 Astra: none; that of 6.1 Sol wants a second field; M: a forced tool."""
    assert those(CONVERSE, "structured.native", False) >= GPT_ON_CONVERSE | OSS
    assert those(CONVERSE, "tools.forced", "always") >= GPT_ON_CONVERSE
