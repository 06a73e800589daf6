"""One question of a cell: asked, shown beneath the cell as it is answered, and kept in a conversation."""

from __future__ import annotations

import time
from contextlib import closing

from IPython.display import display

from g4f_nb import asking, frontend
from g4f_nb.cells import nextcells
from g4f_nb.cells.bystanders import Bystanders
from g4f_nb.cells.desk import Desk, Stopped
from g4f_nb.cells.looks import Look, NoScreen, Screen
from g4f_nb.cells.named import notices_of
from g4f_nb.cells.parsing import Options
from g4f_nb.cells.preparing import Ready, given, keyless, prepared, prompt_of
from g4f_nb.cells.screens import BEAT, attend, screen_for
from g4f_nb.cells.talks import MAIN
from g4f_nb.cells.values import quoted
from g4f_nb.conversations.asked import Asking
from g4f_nb.conversations.conversation import Conversation
from g4f_nb.conversations.preserving import kept_before
from g4f_nb.costs.pricetable import look_ahead
from g4f_nb.errors import MissingAuthError, SchemaError
from g4f_nb.kept.answers import is_kept
from g4f_nb.notices import tell
from g4f_nb.reply import Reply

_A_DAY = 24 * 3600.0


def answer(options: Options, desk: Desk) -> object:
    """Ask what a line says, and show it; gives what the cell's value is."""
    if options.compare:
        return _compared(options, desk)
    made = [] if desk.talks.find(options.name or MAIN) is not None else [desk.talks.get(options.name)]
    conversation = desk.talks.get(options.name)
    if options.dry_run:
        try:
            return _planned(options, desk, conversation)
        finally:
            desk.talks.forget(made)
    # From here on, for what is told before the answer comes stands above it in the end, too.
    bystanders = attend()
    before = desk.talks.find(options.fork) if options.fork is not None else None
    try:
        if options.fork is not None:
            conversation = desk.talks.fork(conversation, options.fork)
            made.append(conversation)
        ready = prepared(conversation, options, desk, place=desk.talks.place())
    except BaseException:
        # A question that cannot be sent begins nothing, and pushes nobody aside.
        desk.talks.forget(made)
        if before is not None:
            desk.talks.put(before)
        raise
    if ready.context.warning is not None:
        tell(ready.context.warning, once=False)
    if made and options.fork is None and not options.new and conversation.keep:
        if conversation.name != MAIN:
            _tell_kept(conversation)
        elif not options.quiet and (frontend.attached() or not frontend.in_kernel()):
            _tell_last_main(conversation)
    return _answered(ready, options, desk, _screen(ready.begun, options, bystanders))


def _tell_kept(made: Conversation) -> None:
    """A conversation that is begun here was perhaps meant to be the one of yesterday."""
    name, earlier = made.name, kept_before(made.name, besides=made.id)
    if earlier is not None:
        kept = "1 turn is" if earlier.turns == 1 else f"{earlier.turns} turns are"
        tell(
            f"{name!r} begins anew: {kept} kept from before, and %g4f load {quoted(name)} earlier has them "
            "again, as `earlier`"
        )


def _tell_last_main(made: Conversation) -> None:
    """Every notebook has a `main`: that of this one is worth a word, and of a terminal what was just said."""
    notebook = frontend.notebook()
    if notebook is None and frontend.in_kernel():
        return
    earlier = kept_before(MAIN, besides=made.id, notebook=notebook)
    if earlier is None or (notebook is None and earlier.changed_at < time.time() - _A_DAY):
        return
    kept = "1 turn" if earlier.turns == 1 else f"{earlier.turns} turns"
    tell(
        f"main begins anew: the last one is kept with {kept}; %g4f load {earlier.called} earlier has it "
        "again, and %%chat -n earlier goes on with it"
    )


def _planned(options: Options, desk: Desk, conversation: Conversation) -> object:
    """What would be sent, asked of a copy: whoever looks on at the conversation sees nothing of it."""
    from g4f_nb.cells import dryrun

    copy = conversation.fork()
    copy.keep = False
    try:
        tried = prepared(copy, options, desk, place=None)
    except MissingAuthError as error:
        where, messages = keyless(copy, options, desk)
        return dryrun.plan_without_key(where, messages, options.parameters, str(error))
    _show_context(tried, options)
    question = tried.begun.question
    notes = [*tried.notices, *filter(None, [tried.context.warning])]
    if question.key is not None and is_kept(question.key, question.plan.wanted):
        notes.append("its answer is kept: without --dry-run that is given, and nothing is sent")
    return dryrun.plan_of(question, notes)


def _compared(options: Options, desk: Desk) -> object:
    from g4f_nb.cells.sidebyside import compare_cell

    prompt = prompt_of(options, desk)
    for notice in (*notices_of(options, desk.names), *prompt.notices):
        tell(notice, once=False)
    if options.show_context:
        display(prompt.context())  # type: ignore[no-untyped-call]
    frame = compare_cell(options, prompt, given(options, desk), desk)
    desk.keep(options.out, frame)
    return frame


def _answered(ready: Ready, options: Options, desk: Desk, screen: Screen) -> Reply:
    """Watch the answer come, or take the one that is kept."""
    begun, reply, notices = ready.begun, ready.begun.reply, list(ready.notices)
    failure: BaseException | None = None
    # In the end its cost is shown: what that needs is loaded while the answer comes.
    ahead = options.quiet
    try:
        # Closed at once, also where the interrupt falls between two pieces: the connection ends with it.
        with closing(asking.watch(begun.question, reply, beat=BEAT)) as pieces:  # type: ignore[type-var]
            for _ in pieces:
                screen.update(reply)
                if not ahead and reply.ttft is not None:
                    ahead = True
                    look_ahead()
    except KeyboardInterrupt as stop:
        failure = stop
        raise Stopped(_stopped_words(begun, options, desk)) from None
    except BaseException as error:
        failure = error
        if reply.text:
            error.add_note(_what_is_kept(options, desk, "The half of the answer"))
        raise
    finally:
        begun.finish(failure)
        # Kept first, shown then: an answer must not be lost by its display.
        if failure is None or reply.text:
            desk.keep(options.out, reply)
        if failure is not None and reply.text:
            # Nothing is returned now, so `_` is set by hand: the partial answer is the user's.
            desk.set_last(reply)
        elif failure is None and options.code and (note := nextcells.put(reply, desk)):
            notices.append(note)
        screen.finish(reply, notices=notices)
        _show_context(ready, options)
    _check_data(reply, desk)
    desk.show_no_more(reply)
    return reply


def _show_context(ready: Ready, options: Options) -> None:
    if options.show_context:
        display(ready.context)  # type: ignore[no-untyped-call]


def _screen(begun: Asking, options: Options, bystanders: Bystanders | None) -> Screen:
    if options.quiet:
        return NoScreen()
    number, name = len(begun.spot.before) + 1, options.fork or options.name or MAIN
    return screen_for(
        Look(
            format=options.format or "markdown",
            stream=False if options.no_stream else None,
            turn=f"turn {number} of {name}" if number > 1 or name != MAIN else "",
            typed=options.schema is not None,
        ),
        bystanders=bystanders,
    )


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
    return f"Stopped. {_what_is_kept(options, desk, 'What had arrived')}"


def _what_is_kept(options: Options, desk: Desk, what: str) -> str:
    """Where what there is of an answer can be found, and how to have the rest."""
    name = options.fork or options.name
    further = f"%chat -n {quoted(name)} --continue" if name not in (None, MAIN) else "%chat --continue"
    return f"{what} is kept in `{desk.last_name()}`; {further} goes on with it."
