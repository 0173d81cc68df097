#!/usr/bin/env python3
"""Runs the unmodified PyPI package `openai` against a running box.

    ANYA_URL=https://localhost:8443 ANYA_API_KEY=anya_... ANYA_CA_FILE=.anya/tls/ca.crt \
        python test_openai_client.py

Prints one line a check; exit status 1 when one fails, 2 when a setting is missing.
"""

import math
import os
import ssl
import sys
import traceback

import openai

EMBEDDING_MODEL = "all-minilm-l6-v2"
CHAT_MODEL = "smollm2-135m-instruct"
DIMENSIONS = 384


def connect(api_key: str) -> openai.OpenAI:
    """A client that trusts the box's own authority and nothing else."""
    context = ssl.create_default_context(cafile=os.environ["ANYA_CA_FILE"])
    return openai.OpenAI(
        base_url=os.environ["ANYA_URL"].rstrip("/") + "/v1",
        api_key=api_key,
        # A test wants the first answer, not the third.
        max_retries=0,
        timeout=300,
        http_client=openai.DefaultHttpxClient(verify=context, trust_env=False),
    )


def say(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def cosine(a: list[float], b: list[float]) -> float:
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def check_models_are_listed(client: openai.OpenAI) -> None:
    ids = [model.id for model in client.models.list()]
    assert EMBEDDING_MODEL in ids and CHAT_MODEL in ids, ids
    assert client.models.retrieve(CHAT_MODEL).id == CHAT_MODEL


def check_embeddings_in_the_clients_default_encoding(client: openai.OpenAI) -> None:
    # The client asks for base64 by itself, and decodes it.
    texts = ["A cat sleeps on the sofa.", "A kitten naps on the couch.", "Interest rates rose again."]
    answer = client.embeddings.create(model=EMBEDDING_MODEL, input=texts)
    cat, kitten, rates = (item.embedding for item in answer.data)
    assert [item.index for item in answer.data] == [0, 1, 2]
    assert len(cat) == DIMENSIONS, len(cat)
    assert abs(math.sqrt(sum(x * x for x in cat)) - 1) < 1e-3
    assert cosine(cat, kitten) > cosine(cat, rates) + 0.2
    assert answer.usage.prompt_tokens > 0


def check_embeddings_are_the_same_in_both_encodings(client: openai.OpenAI) -> None:
    ask = {"model": EMBEDDING_MODEL, "input": "A cat sleeps on the sofa."}
    base64 = client.embeddings.create(**ask).data[0].embedding
    floats = client.embeddings.create(**ask, encoding_format="float").data[0].embedding
    assert max(abs(x - y) for x, y in zip(base64, floats, strict=True)) < 1e-6


def check_a_chat_answers(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model=CHAT_MODEL, messages=say("What is the capital of France?"), temperature=0, max_tokens=24
    )
    choice = answer.choices[0]
    assert choice.message.role == "assistant" and choice.message.content, answer
    assert choice.finish_reason in ("stop", "length"), choice.finish_reason
    usage = answer.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.completion_tokens <= 24


def check_a_stream_says_what_the_answer_says(client: openai.OpenAI) -> None:
    ask = {"model": CHAT_MODEL, "messages": say("Name three colours."), "temperature": 0, "max_tokens": 24}
    whole = client.chat.completions.create(**ask)
    text, finish, usage = "", None, None
    for chunk in client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}):
        assert chunk.object == "chat.completion.chunk"
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
    assert text == whole.choices[0].message.content, (text, whole)
    assert finish == whole.choices[0].finish_reason
    assert usage is not None and usage.completion_tokens == whole.usage.completion_tokens


def check_the_same_seed_gives_the_same_answer(client: openai.OpenAI) -> None:
    def answer(seed: int) -> str | None:
        made = client.chat.completions.create(
            model=CHAT_MODEL, messages=say("Tell a story."), temperature=1, top_p=0.9, seed=seed, max_tokens=16
        )
        return made.choices[0].message.content

    assert answer(7) == answer(7)


def check_a_stop_ends_the_answer(client: openai.OpenAI) -> None:
    ask = {"model": CHAT_MODEL, "messages": say("Count from one to ten."), "temperature": 0, "max_tokens": 32}
    whole = client.chat.completions.create(**ask).choices[0].message.content
    stop = whole[len(whole) // 2 :][:3]
    stopped = client.chat.completions.create(**ask, stop=[stop]).choices[0]
    assert stopped.message.content == whole[: whole.index(stop)], (whole, stop, stopped)
    assert stopped.finish_reason == "stop"


def check_a_field_that_is_not_supported_is_named(client: openai.OpenAI) -> None:
    try:
        client.chat.completions.create(model=CHAT_MODEL, messages=say("Hi"), logprobs=True)
    except openai.BadRequestError as error:
        assert error.param == "logprobs", error.body
        assert "logprobs" in error.message, error.message
        assert error.type == "invalid_request_error", error.body
    else:
        raise AssertionError("it was ignored")


def check_a_value_out_of_range_is_named(client: openai.OpenAI) -> None:
    try:
        client.chat.completions.create(model=CHAT_MODEL, messages=say("Hi"), temperature=3)
    except openai.BadRequestError as error:
        assert error.param == "temperature", error.body
    else:
        raise AssertionError("it was accepted")


def check_an_unknown_model_is_not_found(client: openai.OpenAI) -> None:
    try:
        client.chat.completions.create(model="gpt-nonsense", messages=say("Hi"))
    except openai.NotFoundError as error:
        assert "gpt-nonsense" in error.message, error.message
    else:
        raise AssertionError("it was accepted")


def check_a_wrong_key_is_refused(_client: openai.OpenAI) -> None:
    try:
        connect("anya_wrong").models.list()
    except openai.AuthenticationError:
        return
    raise AssertionError("it was accepted")


def check_a_client_may_leave_in_the_middle(client: openai.OpenAI) -> None:
    ask = {"model": CHAT_MODEL, "messages": say("Tell a very long story."), "stream": True, "max_tokens": 2000}
    with client.chat.completions.create(**ask) as stream:
        for number, _chunk in enumerate(stream):
            if number == 3:
                break
    # Were the story still being told, this would wait for its end, and more than the client's bound.
    answer = client.chat.completions.create(model=CHAT_MODEL, messages=say("Hi"), max_tokens=4)
    assert answer.choices[0].message.content is not None


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]


def main() -> int:
    missing = [name for name in ("ANYA_URL", "ANYA_API_KEY", "ANYA_CA_FILE") if not os.environ.get(name)]
    if missing:
        print(f"set {', '.join(missing)}", file=sys.stderr)
        return 2
    client = connect(os.environ["ANYA_API_KEY"])
    failed = 0
    for check in CHECKS:
        name = check.__name__.removeprefix("check_").replace("_", " ")
        try:
            check(client)
        except Exception:  # noqa: BLE001 - whatever goes wrong is a failed check
            failed += 1
            print(f"FAILED  {name}")
            traceback.print_exc()
        else:
            print(f"ok      {name}")
    print(f"openai {openai.__version__}: {len(CHECKS) - failed} of {len(CHECKS)} checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
