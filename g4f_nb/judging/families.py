"""Which models are of one family: judges are kinder to their own."""

from __future__ import annotations

import re

# By the words with which their names begin; whoever is not among them is a family by that word.
_FAMILIES = {
    "openai": ("gpt", "o1", "o3", "o4", "chatgpt", "davinci", "codex"),
    "anthropic": ("claude",),
    "google": ("gemini", "gemma", "palm", "bison", "learnlm"),
    "meta": ("llama", "codellama"),
    "mistral": (
        "mistral", "mixtral", "codestral", "ministral", "pixtral", "magistral", "devstral", "open-mistral",
    ),
    "qwen": ("qwen", "qwq", "qvq"),
    "deepseek": ("deepseek",),
    "cohere": ("command", "aya", "c4ai"),
    "xai": ("grok",),
    "microsoft": ("phi", "wizardlm", "orca"),
    "moonshot": ("kimi", "moonshot"),
    "zhipu": ("glm", "chatglm"),
    "amazon": ("nova", "titan"),
    "sber": ("gigachat",),
    "ai21": ("jamba", "jurassic"),
    "nvidia": ("nemotron",),
    "ibm": ("granite",),
    "allenai": ("olmo", "tulu"),
    "tii": ("falcon",),
    "01ai": ("yi",),
}  # fmt: skip


def family_of(label: str) -> str:
    """The family of "provider:model": by its model's name, and where that says nothing by the provider."""
    provider, _, model = label.partition(" ")[0].partition(":")
    name = re.split(r"[/:]", model or provider)
    # "meta-llama/Llama-3.3-70B", "llama3:8b": the family stands in one of the parts, most often the last.
    for part in reversed(name):
        for family, starts in _FAMILIES.items():
            if any(re.match(rf"(?:[a-z]+[-.])?{start}(?![a-z]{{3}})", part.lower()) for start in starts):
                return family
    word = re.match(r"[a-z]+", name[-1].lower())
    return word[0] if word else provider.lower()


def related(judge: str, candidate: str) -> bool:
    """Whether they are of one family, as far as their names tell."""
    return family_of(judge) == family_of(candidate)
