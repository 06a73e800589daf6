"""What real services really send: their frames, errors and habits, as facts that were seen or documented."""

from __future__ import annotations

from g4f_nb import errors

from .cases import (
    ALL,
    CHUNKED,
    DONE,
    HALF,
    HELLO,
    JSON,
    STREAM,
    Text,
    case,
    chunk,
    completion,
    event,
    fails,
    frame,
    head,
    sized,
)  # fmt: skip
from .server import KEEP

_end = event(finish_reason="stop")


def _stream(name, promise, *frames, outcome=HELLO):
    body = b"".join(part if isinstance(part, bytes) else frame(part) for part in frames)
    return case(name, promise, sized(body, STREAM), KEEP, outcome=outcome)


def _refusal(name, promise, line, value, kind, *says, **more):
    import orjson

    body = value if isinstance(value, bytes) else orjson.dumps(value)
    media = "text/html" if body.startswith(b"<") else JSON
    # For a model that is not there, the server is asked which are.
    asked = 2 if kind is errors.ModelNotFoundError else 1
    outcome = fails(kind, *says, **more)
    return case(name, promise, sized(body, media, status=line), KEEP, outcome=outcome, requests=asked)


_cloudflare = (
    b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>"
    b"<div class='cf-please-wait'>Enable JavaScript and cookies to continue</div></body></html>"
)

CASES = [
    _stream(
        "azure-first-frame",
        "Azure begins with a frame of filter results and no choices.",
        {
            "choices": [],
            "model": "",
            "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}],
        },
        {"choices": [{"delta": {"role": "assistant", "content": ""}, "content_filter_results": {}}]},
        event("hel"),
        event("lo"),
        _end,
        DONE,
    ),
    _stream(
        "azure-filtered",
        "Azure ends a filtered answer with its own reason.",
        HALF,
        event(finish_reason="content_filter"),
        DONE,
        outcome=Text("hel", "content_filter"),
    ),
    _refusal(
        "azure-content-filter",
        "Azure refuses a prompt with 400 and content_filter.",
        "400 Bad Request",
        {
            "error": {
                "code": "content_filter",
                "message": "The response was filtered",
                "innererror": {"code": "ResponsibleAIPolicyViolation"},
            }
        },
        errors.ContentFilterError,
        "filtered",
    ),
    _refusal(
        "openai-context",
        "OpenAI says that a conversation is too long.",
        "400 Bad Request",
        {
            "error": {
                "message": "This model's maximum context length is 8192 tokens.",
                "code": "context_length_exceeded",
                "param": "messages",
                "type": "invalid_request_error",
            }
        },
        errors.ConversationTooLongError,
        "8192",
    ),
    _refusal(
        "openai-model",
        "OpenAI does not know the model.",
        "404 Not Found",
        {
            "error": {
                "message": "The model `m` does not exist or you do not have access to it.",
                "code": "model_not_found",
            }
        },
        errors.ModelNotFoundError,
        "does not exist",
    ),
    _refusal(
        "openai-quota",
        "OpenAI's quota is used up: waiting would not help.",
        "429 Too Many Requests",
        {
            "error": {
                "message": "You exceeded your current quota",
                "code": "insufficient_quota",
                "type": "insufficient_quota",
            }
        },
        errors.RateLimitError,
        "exceeded your current quota",
    ),
    _stream(
        "openai-usage",
        "OpenAI sends usage in a last frame without choices.",
        event("hel"),
        event("lo"),
        _end,
        {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}},
        DONE,
    ),
    _stream(
        "openai-obfuscation",
        "OpenAI pads its frames with noise.",
        {"choices": [{"delta": {"content": "hel"}}], "obfuscation": "x7Gk2"},
        {"choices": [{"delta": {"content": "lo"}}], "obfuscation": ""},
        _end,
        DONE,
    ),
    _stream(
        "openai-refusal",
        "OpenAI's refusals are no text.",
        event(delta={"refusal": "I cannot"}),
        event(delta={"refusal": " help"}),
        _end,
        DONE,
        outcome=Text(""),
    ),
    _stream(
        "openrouter-comments",
        "OpenRouter says that it is processing, in comments.",
        b": OPENROUTER PROCESSING\n\n" * 5,
        event("hel"),
        b": OPENROUTER PROCESSING\n\n",
        event("lo"),
        _end,
        DONE,
    ),
    _stream(
        "openrouter-error",
        "OpenRouter breaks off in mid-stream with an error and a reason to finish.",
        HALF,
        {
            "id": "x",
            "error": {"code": 502, "message": "Provider disconnected"},
            "choices": [
                {
                    "index": 0,
                    "delta": {"content": ""},
                    "finish_reason": "error",
                    "native_finish_reason": "error",
                }
            ],
        },
        DONE,
        outcome=fails(errors.ServerError, "Provider disconnected", partial="hel", status=502),
    ),
    case(
        "openrouter-error-in-200",
        "OpenRouter may send an error with status 200.",
        sized(b'{"error":{"message":"Rate limit exceeded: free-models-per-day","code":429}}'),
        KEEP,
        outcome=fails(errors.RateLimitError, "free-models-per-day", status=429),
    ),
    _stream(
        "openrouter-reasoning",
        "OpenRouter calls it reasoning, and repeats it in details.",
        event(
            delta={
                "content": "",
                "reasoning": "hm",
                "reasoning_details": [{"type": "reasoning.text", "text": "hm"}],
            }
        ),
        event("hel"),
        event("lo"),
        _end,
        DONE,
        outcome=Text(reasoning="hm"),
    ),
    _stream(
        "groq-reasoning",
        "Groq calls it reasoning and adds fields of its own.",
        {"choices": [{"delta": {"reasoning": "hm", "channel": "analysis"}}], "x_groq": {"id": "req_1"}},
        event("hel"),
        event("lo"),
        {"choices": [{"delta": {}, "finish_reason": "stop"}], "x_groq": {"usage": {"queue_time": 0.1}}},
        DONE,
        outcome=Text(reasoning="hm"),
    ),
    _refusal(
        "groq-failed-generation",
        "Groq shows what it failed to generate.",
        "400 Bad Request",
        {
            "error": {
                "message": "Failed to call a function.",
                "code": "tool_use_failed",
                "failed_generation": "<function=f>",
            }
        },
        errors.BadRequestError,
        "Failed to call",
        "<function=f>",
    ),
    _stream(
        "deepseek",
        "DeepSeek keeps alive by comments and thinks in reasoning_content.",
        b": keep-alive\n\n" * 3,
        event(delta={"role": "assistant", "content": None, "reasoning_content": "hm"}),
        event(delta={"content": "hel", "reasoning_content": None}),
        event("lo"),
        {
            "choices": [
                {"index": 0, "delta": {"content": "", "reasoning_content": None}, "finish_reason": "stop"}
            ],
            "usage": {"prompt_cache_hit_tokens": 0},
        },
        DONE,
        outcome=Text(reasoning="hm"),
    ),
    case(
        "deepseek-whole",
        "DeepSeek keeps a whole answer alive by blank lines.",
        head(JSON, CHUNKED),
        *[step for _ in range(3) for step in (chunk(b"\n\n"), 0.02)],
        chunk(completion()) + b"0\r\n\r\n",
        KEEP,
        outcome=HELLO,
    ),
    _refusal(
        "deepseek-balance",
        "DeepSeek wants money by 402.",
        "402 Payment Required",
        {
            "error": {
                "message": "Insufficient Balance",
                "type": "unknown_error",
                "param": None,
                "code": "invalid_request_error",
            }
        },
        errors.PaymentRequiredError,
        "Insufficient Balance",
    ),
    _stream(
        "mistral-thinking",
        "Mistral's content is a list of thinking and text.",
        event(delta={"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}),
        event(delta={"content": [{"type": "text", "text": "hel"}]}),
        event("lo"),
        _end,
        DONE,
        outcome=Text(reasoning="hm"),
    ),
    _refusal(
        "mistral-422",
        "Mistral refuses unknown fields by 422.",
        "422 Unprocessable Entity",
        {
            "object": "error",
            "message": {
                "detail": [
                    {
                        "type": "extra_forbidden",
                        "loc": ["body", "seed"],
                        "msg": "Extra inputs are not permitted",
                    }
                ]
            },
            "type": "invalid_request_error",
            "code": None,
        },
        errors.BadRequestError,
        "Extra inputs are not permitted",
    ),
    _stream(
        "perplexity",
        "Perplexity repeats its sources and usage in every frame.",
        *[
            {
                "choices": [
                    {"delta": {"content": part}, "message": {"content": whole}, "finish_reason": reason}
                ],
                "citations": ["https://a.example"],
                "search_results": [{"url": "https://a.example", "title": "A"}],
                "usage": {"total_tokens": 3},
            }
            for part, whole, reason in (("hel", "hel", None), ("lo", "hello", "stop"))
        ],
    ),
    _refusal(
        "gemini",
        "Gemini's errors lie in a list, and a wrong key is a 400.",
        "400 Bad Request",
        [
            {
                "error": {
                    "code": 400,
                    "message": "API key not valid. Please pass a valid API key.",
                    "status": "INVALID_ARGUMENT",
                }
            }
        ],
        errors.MissingAuthError,
        "API key not valid",
    ),
    _refusal(
        "gemini-quota",
        "Gemini says when to try again in its details.",
        "429 Too Many Requests",
        [{"error": {"code": 429, "message": "Resource has been exhausted", "status": "RESOURCE_EXHAUSTED"}}],
        errors.RateLimitError,
        "exhausted",
    ),
    _stream(
        "gemini-role-in-each",
        "Gemini repeats the role and sends reasons only at the end.",
        {
            "choices": [{"delta": {"content": "hel", "role": "assistant"}, "index": 0}],
            "created": 1,
            "model": "g",
        },
        {"choices": [{"delta": {"content": "lo", "role": "assistant"}, "finish_reason": "stop", "index": 0}]},
        DONE,
    ),
    _stream(
        "cerebras-tiny",
        "Cerebras sends very many tiny frames at once.",
        *[event(char) for char in "hello"],
        {"choices": [{"delta": {}, "finish_reason": "stop"}], "time_info": {"queue_time": 0.0}},
        DONE,
    ),
    _stream(
        "vllm",
        "vLLM sends a frame of the role, an empty one, and usage last.",
        event(delta={"role": "assistant", "content": ""}),
        event("hel", logprobs=None),
        event("lo"),
        event(delta={"content": ""}, finish_reason="stop", stop_reason=None),
        {
            "choices": [],
            "usage": {
                "prompt_tokens": 1,
                "total_tokens": 3,
                "completion_tokens": 2,
                "prompt_tokens_details": None,
            },
        },
        DONE,
    ),
    _stream(
        "vllm-error",
        "vLLM breaks off with an error and [DONE].",
        HALF,
        {"object": "error", "message": "CUDA error", "type": "InternalServerError", "code": 500},
        DONE,
        outcome=fails(errors.ServerError, "CUDA error", partial="hel"),
    ),
    _refusal(
        "vllm-400",
        "vLLM's older errors have no error around them.",
        "400 Bad Request",
        {
            "object": "error",
            "message": "This model's maximum context length is 2048 tokens",
            "type": "BadRequestError",
            "code": 400,
        },
        errors.ConversationTooLongError,
        "2048",
    ),
    _stream(
        "llama-cpp",
        "llama.cpp adds timings and a null error.",
        {
            "choices": [{"delta": {"role": "assistant", "content": None}, "finish_reason": None, "index": 0}],
            "error": None,
        },
        event("hel"),
        event("lo"),
        {"choices": [{"delta": {}, "finish_reason": "stop"}], "timings": {"predicted_n": 2}, "usage": None},
        DONE,
    ),
    _refusal(
        "llama-cpp-loading",
        "llama.cpp answers 503 while it loads its model.",
        "503 Service Unavailable",
        {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}},
        errors.ServerError,
        "Loading model",
    ),
    _stream(
        "llama-cpp-error",
        "llama.cpp has a field of its own for errors in a stream.",
        HALF,
        b'error: {"code":500,"message":"context shift is disabled","type":"server_error"}\n\n',
        outcome=fails(errors.ResponseError, "context shift", partial="hel"),
    ),
    _stream(
        "lm-studio-error",
        "LM Studio sends an event of type error.",
        HALF,
        b'event: error\ndata: {"error":{"message":"The model has crashed"}}\n\n',
        outcome=fails(errors.ResponseError, "crashed", partial="hel"),
    ),
    case(
        "lm-studio-path",
        "LM Studio answers a wrong path with 200 and an error.",
        sized(b'{"error":"Unexpected endpoint or method. (POST /chat/completions). Returning 200 anyway"}'),
        KEEP,
        outcome=fails(errors.ResponseError, "Unexpected endpoint"),
    ),
    _refusal(
        "ollama-model",
        "Ollama does not have the model.",
        "404 Not Found",
        {
            "error": {
                "message": 'model "m" not found, try pulling it first',
                "type": "not_found_error",
                "param": None,
                "code": None,
            }
        },
        errors.ModelNotFoundError,
        "try pulling it",
    ),
    _refusal(
        "ollama-native",
        "Ollama's own errors are texts.",
        "400 Bad Request",
        {"error": "registry.ollama.ai/library/x does not support chat"},
        errors.BadRequestError,
        "does not support chat",
    ),
    _stream(
        "ollama-thinking",
        "Ollama calls it reasoning.",
        event(delta={"role": "assistant", "content": "", "reasoning": "hm"}),
        event("hel"),
        event("lo"),
        _end,
        DONE,
        outcome=Text(reasoning="hm"),
    ),
    _refusal(
        "huggingface",
        "Hugging Face's errors are texts.",
        "400 Bad Request",
        {"error": "Model m is not supported by any provider you have enabled."},
        errors.ModelNotFoundError,
        "not supported by any provider",
    ),
    _stream(
        "tgi-error",
        "text-generation-inference breaks off with an error as a text.",
        HALF,
        {"error": "Request failed during generation: Server error", "error_type": "generation"},
        outcome=fails(errors.ResponseError, "Request failed during generation", partial="hel"),
    ),
    _refusal(
        "tgi-busy",
        "text-generation-inference is overloaded by 429.",
        "429 Too Many Requests",
        {"error": "Model is overloaded", "error_type": "overloaded"},
        errors.RateLimitError,
        "Model is overloaded",
    ),
    _refusal(
        "fastapi",
        "FastAPI's refusals lie in detail.",
        "401 Unauthorized",
        {"detail": "Not authenticated"},
        errors.MissingAuthError,
        "Not authenticated",
    ),
    _refusal(
        "litellm",
        "LiteLLM wraps the error of others.",
        "401 Unauthorized",
        {
            "error": {
                "message": "Authentication Error, No api key passed in.",
                "type": "auth_error",
                "param": "None",
                "code": "401",
            }
        },
        errors.MissingAuthError,
        "No api key passed in",
    ),
    _refusal(
        "dashscope",
        "DashScope's errors have a code of words.",
        "400 Bad Request",
        {
            "error": {
                "code": "data_inspection_failed",
                "param": None,
                "message": "Input data may contain inappropriate content.",
                "type": "data_inspection_failed",
            },
            "id": "x",
            "request_id": "y",
        },
        errors.BadRequestError,
        "inappropriate content",
    ),
    _refusal(
        "dashscope-native",
        "DashScope's own errors have no error around them.",
        "401 Unauthorized",
        {"code": "InvalidApiKey", "message": "Invalid API-key provided.", "request_id": "y"},
        errors.MissingAuthError,
        "Invalid API-key provided",
    ),
    _refusal(
        "zhipu",
        "Z.ai's codes are numbers of its own.",
        "429 Too Many Requests",
        {"error": {"code": "1302", "message": "Rate limit reached for requests"}},
        errors.RateLimitError,
        "Rate limit reached",
    ),
    case(
        "minimax",
        "MiniMax sends errors with status 200 in base_resp.",
        sized(
            b'{"base_resp":{"status_code":1004,"status_msg":"login fail: Please carry the API secret key"}}'
        ),
        KEEP,
        outcome=fails(errors.ResponseError, "login fail"),
    ),
    _refusal(
        "anthropic",
        "Anthropic's overload is 529.",
        "529 Overloaded",
        {
            "type": "error",
            "error": {"type": "overloaded_error", "message": "Overloaded"},
            "request_id": "req",
        },
        errors.ServerError,
        "Overloaded",
        status=529,
    ),
    _refusal(
        "github",
        "GitHub's errors are in OpenAI's form, with details.",
        "413 Payload Too Large",
        {
            "error": {
                "code": "tokens_limit_reached",
                "message": "Request body too large for m. Max size: 8000 tokens.",
                "details": "x",
            }
        },
        errors.BadRequestError,
        "too large",
    ),
    _refusal(
        "databricks",
        "Databricks' errors have error_code and message.",
        "403 Forbidden",
        {"error_code": "PERMISSION_DENIED", "message": "Invalid access token."},
        errors.PermissionDeniedError,
        "Invalid access token",
    ),
    _refusal(
        "nvidia",
        "NVIDIA's errors are problem+json in part.",
        "404 Not Found",
        {"status": 404, "title": "Not Found", "detail": "Function 'x': Not found for account"},
        errors.NotFoundError,
        "Not found for account",
    ),
    _refusal(
        "aws",
        "AWS's gateway has a message alone.",
        "403 Forbidden",
        {"message": "Missing Authentication Token"},
        errors.PermissionDeniedError,
        "Missing Authentication Token",
    ),
    _refusal(
        "cohere",
        "Cohere's errors have a message alone.",
        "401 Unauthorized",
        {"id": "x", "message": "invalid api token"},
        errors.MissingAuthError,
        "invalid api token",
    ),
    _refusal(
        "cloudflare-challenge",
        "A challenge of Cloudflare's is a refusal, told by its words.",
        "403 Forbidden",
        _cloudflare,
        errors.PermissionDeniedError,
        "Just a moment",
    ),
    _refusal(
        "cloudflare-524",
        "Cloudflare's own time-out is an error of the server.",
        "524 A timeout occurred",
        b"<html><title>api.example | 524: A timeout occurred</title></html>",
        errors.ServerError,
        "524: A timeout occurred",
    ),
    _refusal(
        "nginx-413",
        "nginx refuses what is too large with a page.",
        "413 Request Entity Too Large",
        b"<html><head><title>413 Request Entity Too Large</title></head></html>",
        errors.BadRequestError,
        "413 Request Entity Too Large",
    ),
    _refusal(
        "gigachat",
        "GigaChat's errors are a status and a message.",
        "402 Payment Required",
        {"status": 402, "message": "Payment Required"},
        errors.PaymentRequiredError,
        "Payment Required",
    ),
    _stream(
        "legacy-function-call",
        "The older function_call is a call of a tool.",
        event(delta={"function_call": {"name": "f", "arguments": ""}}),
        event(delta={"function_call": {"arguments": "{}"}}),
        event(finish_reason="function_call"),
        DONE,
        outcome=Text("", "function_call", calls=(("f", "{}"),)),
    ),
    _stream(
        "legacy-completion",
        "The older completions put text beside index.",
        {"choices": [{"text": "hel", "index": 0}]},
        {"choices": [{"text": "lo", "index": 0, "finish_reason": "stop"}]},
        DONE,
    ),
    _stream("gateway-twice-done", "A gateway may say [DONE] twice.", ALL, DONE),
    _stream(
        "gateway-pings",
        "A gateway may ping in events of its own.",
        b'event: ping\ndata: {"type": "ping"}\n\n',
        event("hel"),
        b"event: ping\ndata: {}\n\n",
        event("lo"),
        _end,
        DONE,
    ),
    _stream(
        "gateway-usage-in-each",
        "Usage may come with every frame.",
        *[
            {
                "choices": [{"delta": {"content": part}, "finish_reason": reason}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1},
            }
            for part, reason in (("hel", None), ("lo", "stop"))
        ],
        DONE,
    ),
]
