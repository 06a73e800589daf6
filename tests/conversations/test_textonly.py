"""Pictures for a model that takes text only: a line stands for each."""

import g4f_nb as nb
from g4f_nb.conversations.conversation import Conversation
from g4f_nb.providers import AsyncGeneratorProvider
from g4f_nb.testing import serve

PARTS = [
    {"type": "text", "text": "What is it?"},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
    {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}},
]


class Words(AsyncGeneratorProvider):
    """A provider of a user's own that knows nothing of parts."""

    working = True

    @classmethod
    async def create_async_generator(cls, model, messages, stream=True, **kwargs):
        """Say how many words there were."""
        yield str(len(messages[-1]["content"].split()))


def test_a_provider_of_texts_gets_text():
    """No parts reach it, a line stands for each file, and the user is told."""
    talk = Conversation("words")
    begun = talk.begin(PARTS, Words)
    (message,) = begun.question.messages
    assert message["content"] == (
        "What is it?\n\n(a picture that cannot be shown to you)\n\n(a file that cannot be shown to you)"
    )
    assert begun.notices == ("Words takes text only: a line stands for each picture and file",)
    assert talk.ask(PARTS, Words).text == "19"


def test_a_provider_that_takes_files_gets_them():
    """The parts go as they are; of several providers, as soon as one of them takes files."""
    with serve() as server:
        model = nb.Model("OpenaiTemplate:echo", api_base=server.api_base)
        begun = Conversation("parts").begin(PARTS, model)
        assert begun.question.messages == [{"role": "user", "content": PARTS}]
        assert begun.notices == ()
        several = Conversation("several").begin(PARTS, nb.FallbackProvider([Words, model]))
        assert several.question.messages[0]["content"] == PARTS
    assert Conversation("none").begin(PARTS, nb.FallbackProvider([Words, "Demo"])).notices


def test_earlier_pictures_are_lines_for_whoever_goes_on():
    """A conversation that goes on with a provider of texts keeps its parts, and sends lines."""
    with serve() as server:
        talk = Conversation("change")
        talk.ask(PARTS, nb.Model("OpenaiTemplate:echo", api_base=server.api_base))
        begun = talk.begin("and now?", Words)
    assert "(a picture that cannot be shown to you)" in begun.question.messages[0]["content"]
    assert list(talk.turns[0].prompt) == PARTS
