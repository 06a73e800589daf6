"""One question of a cell: from its options to a turn of a conversation, with its reply beneath the cell."""

from __future__ import annotations

from functools import partial
from typing import Any

from g4f_nb import asking, frontend
from g4f_nb.cells import approvals, kept, named, nextcells
from g4f_nb.cells.desk import Desk, Stopped
from g4f_nb.cells.looks import Look
from g4f_nb.cells.parsing import Options
from g4f_nb.cells.screens import BEAT, screen_for
from g4f_nb.cells.talks import MAIN
from g4f_nb.conversations.asked import Asking
from g4f_nb.conversations.conversation import Conversation
from g4f_nb.errors import SchemaError
from g4f_nb.reply import Reply


def answer(options: Options, desk: Desk) -> object:
    """Ask what a line says, and show it; gives what the cell's value is."""
    if options.compare:
        from g4f_nb.cells.sidebyside import compare_cell

        frame = compare_cell(options, options.prompt, given(options, desk), desk)
        desk.keep(options.out, frame)
        return frame
    conversation = desk.talks.get(options.name)
    if options.dry_run:
        from g4f_nb.cells.dryrun import plan_of

        # Asked of a copy: whoever looks on at the conversation sees nothing of it.
        tried = _begin(conversation.fork(), options, desk, place=None)
        return plan_of(tried.question, tried.notices)
    if options.fork is not None:
        conversation = desk.talks.fork(conversation, options.fork)
    try:
        begun = _begin(conversation, options, desk, place=desk.talks.place())
    except BaseException:
        if options.fork is not None:
            desk.talks.forget(conversation)
        raise
    return _answered(begun, options, desk)


def _begin(conversation: Conversation, options: Options, desk: Desk, *, place: str | None) -> Asking:
    model, provider = named.who_answers(options, desk.names)
    found = given(options, desk)
    if options.new:
        # Behind nothing: what was said before stays as another branch.
        found["after"] = None
    return conversation.begin(
        options.prompt or None,
        model,
        provider=provider,
        system=options.system,
        continues=options.continues,
        place=place,
        interactive=frontend.attached() or frontend.in_terminal(),
        **found,
    )


def given(options: Options, desk: Desk) -> dict[str, Any]:
    """The parameters, tools and the type of a line, as `nb.ask` takes them."""
    found = options.parameters
    if options.tool:
        found["tools"] = named.tools_of(options.tool, desk.names)
        if not options.yes and not options.dry_run:
            approvals.check_askable(found["tools"], desk)
            found["approve"] = partial(approvals.approve, desk=desk)
    if options.schema is not None:
        found["schema"] = named.schema_of(options.schema, desk.names)
    return found


def _answered(begun: Asking, options: Options, desk: Desk) -> Reply:
    """Watch the answer come, or take the one that is kept."""
    reply, notices = begun.reply, list(begun.notices)
    look = Look(quiet=options.quiet, stream=False if options.no_stream else None)
    screen = screen_for(look)
    key = kept.key(begun.question) if options.cache else None
    if options.cache and key is None:
        notices.append("--cache: it cannot be told whether this is the same question again, so it was asked.")
    found = kept.take(begun.question, key, reply) if key is not None else None
    failure: BaseException | None = None
    try:
        if found is None:
            for _ in asking.watch(begun.question, reply, beat=BEAT):
                screen.update(reply)
        else:
            notices.append(found)
    except KeyboardInterrupt as stop:
        failure = stop
        raise Stopped(_stopped_words(begun, options, desk)) from None
    except BaseException as error:
        failure = error
        raise
    finally:
        begun.finish(failure)
        if failure is None or reply.text:
            # Kept first, shown then: an answer must not be lost by its display.
            desk.keep(options.out, reply)
            if failure is not None:
                # Nothing is returned now, so `_` is set by hand: the partial answer is the user's.
                desk.set_last(reply)
            elif options.code and (note := nextcells.put(reply, desk)):
                notices.append(note)
            screen.finish(reply, notices=notices)
    if key is not None and found is None:
        kept.keep(key, reply)
    _check_data(reply, desk)
    desk.show_no_more(reply)
    return reply


def _check_data(reply: Reply, desk: Desk) -> None:
    """An answer that does not fit its schema is an error, or the next cell would work on nothing."""
    if reply.parse_error is None:
        return
    place = desk.last_name()
    desk.set_last(reply)
    raise SchemaError(
        f"the answer does not fit the schema: {reply.parse_error}; its text is in `{place}.text`",
        provider=reply.provider,
        model=reply.model,
        partial=reply.text,
        reply=reply,
    )


def _stopped_words(begun: Asking, options: Options, desk: Desk) -> str:
    if not begun.reply.text:
        return "Stopped. Nothing had arrived yet."
    name = options.fork or options.name
    further = f"%chat -n {name} --continue" if name not in (None, MAIN) else "%chat --continue"
    return f"Stopped. What had arrived is kept in `{desk.last_name()}`; {further} goes on with it."
