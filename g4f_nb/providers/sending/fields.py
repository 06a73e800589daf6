"""What a call may carry beside the parameters of the signature: the fields of a chat, and of images."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from g4f_nb.errors import UnknownParameterError

# The original's own list of what is let through.
EXTRA_PARAMETERS = (
    "tools", "parallel_tool_calls", "tool_choice", "reasoning_effort", "logit_bias", "modalities", "audio",
)  # fmt: skip

# Parameters of the signature that are fields of a chat.
USUAL_FIELDS = frozenset({
    "temperature", "max_tokens", "top_p", "stop", "tools", "tool_choice", "parallel_tool_calls",
    "reasoning_effort", "response_format", "seed", "n", "frequency_penalty", "presence_penalty",
})  # fmt: skip

# Chat fields of OpenAI's reference and the common servers' own, taken by keyword and sent as they are.
CHAT_FIELDS = frozenset({
    "logit_bias", "modalities", "audio", "logprobs", "top_logprobs", "max_completion_tokens", "metadata",
    "prediction", "service_tier", "store", "stream_options", "user", "verbosity", "web_search_options",
    "prompt_cache_key", "safety_identifier", "top_k", "min_p", "repetition_penalty", "include_reasoning",
    "chat_template_kwargs", "functions", "function_call", "reasoning", "moderation", "prompt_cache_options",
    "prompt_cache_retention",
})  # fmt: skip

# The same for `/images/generations`.
IMAGE_FIELDS = frozenset({
    "size", "quality", "style", "background", "moderation", "output_format", "output_compression", "user",
    "negative_prompt", "aspect_ratio", "width", "height", "guidance_scale", "num_inference_steps",
    "complexity", "frame_count", "frame_duration_ms", "svg", "safety_identifier",
})  # fmt: skip
# Whoever gives one of these means an image.
_IMAGE_ONLY = IMAGE_FIELDS - CHAT_FIELDS
# What `response_format=` may be there.
IMAGE_FORMS = ("url", "b64_json")
# Parameters of the signature that hold for images, too.
_SHARED = frozenset({"n", "seed", "response_format"})


def means_image(names: Iterable[str], response_format: object, allowed: Collection[str]) -> bool:
    """Whether a call's keywords, or what it wants to get, are an image's and no chat's."""
    return isinstance(response_format, str) or not (_IMAGE_ONLY - set(allowed)).isdisjoint(names)


def image_fields(fields: Mapping[str, Any], allowed: Collection[str], provider: str) -> dict[str, Any]:
    """What of a call's fields goes to `/images/generations`; one that only a chat knows is refused."""
    given = {name: value for name, value in fields.items() if value is not None}
    for name in given:
        if name not in IMAGE_FIELDS | _SHARED and (name not in allowed or name in EXTRA_PARAMETERS):
            raise UnknownParameterError(
                f"{name}= is for a chat, and this asks {provider} for an image: leave it out",
                parameter=name,
                provider=provider,
            )
    width, height = given.pop("width", None), given.pop("height", None)
    if width is not None and height is not None:
        given.setdefault("size", f"{width}x{height}")
    elif width is not None or height is not None:
        raise UnknownParameterError(
            "an image has a width= and a height=: give both, or size=", provider=provider
        )
    return given
