"""What the tests of raw prompts share: requests, and chat templates of several kinds."""

from collections.abc import Sequence

from antechamber.dialects.raw_prompt.prompt import Prompt, render
from antechamber.dialects.raw_prompt.template import ChatTemplate
from antechamber.rules.thinking import ThinkingPlan
from antechamber.wire.encoding import encode_json
from antechamber.wire.messages import MessageRequest
from antechamber.wire.parse import parse_message_request

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
KEEPS_ONE_SYSTEM = (
    "{% for message in messages %}"
    "{% if message.role == 'system' and not loop.first %}"
    "{{ raise_exception('a system turn comes first') }}{% endif %}"
    "[{{ message.role }}]{{ message.content | trim }}{% endfor %}[assistant]"
)
"""Raises on a system turn after the first."""
DROPS_LATE_SYSTEM = (
    "{% for message in messages %}{% if message.role != 'system' or loop.first %}"
    "[{{ message.role }}]{{ message.content | trim }}{% endif %}{% endfor %}[assistant]"
)
"""Says nothing of what it leaves out."""
KNOWS_NO_SYSTEM = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if (message.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}"
    "[{{ message.role }}]{{ message.content | trim }}{{ eos_token }}{% endfor %}[assistant]"
)
"""Wants user and assistant in turn, and nobody else."""
THINKS = CHATML + "{% if enable_thinking %}{# <think> #}{% endif %}"
"""The template of a model that was trained to think."""
OPENS_THOUGHT = CHATML + "{% if add_generation_prompt %}<think>\n{% endif %}"
"""Begins the thought itself."""

OFF = ThinkingPlan(on=False)
ON = ThinkingPlan(on=True, budget_tokens=100)


def template(source: str = CHATML) -> ChatTemplate:
    return ChatTemplate(source, bos="<s>", eos="</s>")


def request(*messages: object, **fields: object) -> MessageRequest:
    """Make a request; messages that are strings take turns, the user's first."""
    roles = ("user", "assistant")
    body: dict[str, object] = {
        "model": "claude-test-1",
        "max_tokens": 100,
        "messages": [
            {"role": roles[at % 2], "content": message} if isinstance(message, str) else message
            for at, message in enumerate(messages)
        ],
        **fields,
    }
    return parse_message_request(encode_json(body))


def user(*content: object) -> dict[str, object]:
    return {"role": "user", "content": _blocks(content)}


def assistant(*content: object) -> dict[str, object]:
    return {"role": "assistant", "content": _blocks(content)}


def system(*content: object, **fields: object) -> dict[str, object]:
    return {"role": "system", "content": _blocks(content), **fields}


def call(call_id: str, name: str = "look", **arguments: object) -> dict[str, object]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def result(call_id: str, *content: object, **fields: object) -> dict[str, object]:
    blocks = {"content": _blocks(content)} if content else {}
    return {"type": "tool_result", "tool_use_id": call_id, **blocks, **fields}


def tool(name: str = "look", **fields: object) -> dict[str, object]:
    return {"name": name, "input_schema": {"type": "object"}, **fields}


def rendered(asked: MessageRequest, plan: ThinkingPlan = OFF, source: str = CHATML) -> Prompt:
    return render(asked, template(source), plan)


def _blocks(content: Sequence[object]) -> list[object]:
    return [{"type": "text", "text": part} if isinstance(part, str) else part for part in content]
