from antechamber.cli.chat.conversation import (
    Answer,
    Block,
    Conversation,
    ToolCall,
    ToolResult,
    calls_in,
)
from antechamber.cli.chat.conversation import Tokens as TokenCounts

TOKENS = TokenCounts(model="m", input_tokens=3, output_tokens=2)
EMPTY = Conversation(model="m", max_tokens=10)
THOUGHT: Block = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
CUT_THOUGHT: Block = {"type": "thinking", "thinking": "Hm", "signature": ""}
CALL: Block = {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1}}


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _answer(*content: Block, stop_reason: str | None = "end_turn") -> Answer:
    return Answer(content=content, stop_reason=stop_reason, tokens=TOKENS)


def _last_content(conversation: Conversation) -> tuple[Block, ...]:
    return conversation.messages[-1].content


def test_messages_follow_each_other() -> None:
    conversation = EMPTY.said("Hi").answered(_answer(THOUGHT, _text("Hello"))).said("Bye")

    assert [message.role for message in conversation.messages] == ["user", "assistant", "user"]
    assert conversation.messages[1].content == (THOUGHT, _text("Hello"))
    assert conversation.usage == (TOKENS,)


def test_an_answer_without_content_leaves_its_tokens_alone() -> None:
    conversation = EMPTY.said("Hi").answered(_answer(_text("")))

    assert len(conversation.messages) == 1
    assert conversation.usage == (TOKENS,)


def test_a_call_waits_for_its_result() -> None:
    answer = _answer(_text("Let me see."), CALL, stop_reason="tool_use")

    conversation = EMPTY.said("1+1").answered(answer)
    calls = calls_in(answer)
    conversation = conversation.resulted(
        [ToolResult(call_id=call.id, text="2", is_error=False) for call in calls]
    )

    assert calls == [ToolCall(id="toolu_1", name="add", input={"a": 1})]
    assert _last_content(conversation) == (
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "2", "is_error": False},
    )


def test_a_call_that_was_cut_off_is_neither_made_nor_kept() -> None:
    answer = _answer(_text("Let me"), CALL, stop_reason="max_tokens")

    conversation = EMPTY.said("1+1").answered(answer)

    assert calls_in(answer) == []
    assert _last_content(conversation) == (_text("Let me"),)


def test_of_a_stopped_answer_the_text_stays() -> None:
    stopped = _answer(THOUGHT, _text("One, two"), stop_reason=None)

    assert _last_content(EMPTY.said("Count").answered(stopped)) == (THOUGHT, _text("One, two"))


def test_of_a_stopped_answer_what_waits_or_is_unfinished_goes() -> None:
    before = EMPTY.said("Count")

    for content in ((THOUGHT,), (CUT_THOUGHT,), (CALL,), (_text(" "),), ()):
        assert before.answered(_answer(*content, stop_reason=None)).messages == before.messages

    stopped = before.answered(_answer(_text("One"), CALL, _text("Two"), stop_reason=None))
    assert _last_content(stopped) == (_text("One"),)


def test_a_turn_is_taken_back_and_its_tokens_stay_spent() -> None:
    before = EMPTY.said("Hi").answered(_answer(_text("Hello")))

    failed = before.said("1+1").answered(_answer(CALL, stop_reason="tool_use"))

    assert failed.taken_back(before).messages == before.messages
    assert len(failed.taken_back(before).usage) == 2


def test_clearing_keeps_the_settings() -> None:
    conversation = Conversation(model="m", max_tokens=10, system="Be brief.").said("Hi")

    assert conversation.cleared() == Conversation(model="m", max_tokens=10, system="Be brief.")
