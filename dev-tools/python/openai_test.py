"""OpenAI's own Python client, unmodified, against the running service."""

import math
import unittest

import openai

from running_box import RunningBox

CHAT = "smollm2-135m-instruct"
EMBEDDING = "all-minilm-l6-v2"
QUESTION = [{"role": "user", "content": "Name the capital of France."}]


class OpenAiClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = cls.enterClassContext(RunningBox())
        cls.client = cls.signed_in_with(cls.box.api_key)

    @classmethod
    def signed_in_with(cls, api_key):
        http_client = cls.enterClassContext(openai.DefaultHttpxClient(verify=cls.box.trust))
        return openai.OpenAI(
            base_url=f"{cls.box.url}/v1", api_key=api_key, max_retries=0, timeout=120, http_client=http_client
        )

    def test_models_are_listed_and_found(self):
        self.assertEqual({model.id for model in self.client.models.list()}, {CHAT, EMBEDDING})
        self.assertEqual(self.client.models.retrieve(CHAT).object, "model")
        with self.assertRaises(openai.NotFoundError):
            self.client.models.retrieve("gpt-4o")

    def test_sentences_that_mean_the_same_are_near(self):
        sentences = ["A cat sits on the mat.", "A kitten is sitting on a rug.", "Interest rates rose again."]
        # The client asks for base64 here, and for numbers below.
        answer = self.client.embeddings.create(model=EMBEDDING, input=sentences)
        cat, kitten, rates = (item.embedding for item in answer.data)
        self.assertEqual(len(cat), 384)
        self.assertAlmostEqual(math.hypot(*cat), 1, places=4)
        near, far = dot(cat, kitten), dot(cat, rates)
        self.assertGreater(near, far + 0.2)
        self.assertGreater(answer.usage.prompt_tokens, 0)
        one = self.client.embeddings.create(model=EMBEDDING, input=sentences[0], encoding_format="float")
        self.assertGreater(dot(cat, one.data[0].embedding), 0.9999)

    def test_chat_answers(self):
        answer = self.client.chat.completions.create(model=CHAT, messages=QUESTION, temperature=0, max_tokens=16)
        self.assertIn("Paris", answer.choices[0].message.content)
        self.assertIn(answer.choices[0].finish_reason, ("stop", "length"))
        usage = answer.usage
        self.assertEqual(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)

    def test_a_stream_gives_the_same_text_in_pieces(self):
        ask = dict(model=CHAT, messages=QUESTION, temperature=0, max_tokens=16)
        whole = self.client.chat.completions.create(**ask).choices[0].message.content
        stream = self.client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True})
        chunks = list(stream)
        pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
        self.assertEqual("".join(pieces), whole)
        self.assertGreater(len([piece for piece in pieces if piece]), 1)
        self.assertGreater(chunks[-1].usage.completion_tokens, 0)

    def test_the_same_seed_gives_the_same_text(self):
        ask = dict(model=CHAT, messages=QUESTION, temperature=1.2, top_p=0.95, seed=7, max_tokens=16)
        first, second = (self.client.chat.completions.create(**ask) for _ in range(2))
        self.assertEqual(first.choices[0].message.content, second.choices[0].message.content)

    def test_a_stop_sequence_ends_the_text_before_it(self):
        answer = self.client.chat.completions.create(
            model=CHAT, messages=QUESTION, temperature=0, max_tokens=32, stop=["Paris"]
        )
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        self.assertNotIn("Paris", answer.choices[0].message.content)

    def test_what_is_not_supported_is_refused_by_name(self):
        with self.assertRaises(openai.BadRequestError) as refused:
            self.client.chat.completions.create(model=CHAT, messages=QUESTION, logprobs=True)
        self.assertEqual(refused.exception.param, "logprobs")
        with self.assertRaises(openai.BadRequestError) as refused:
            self.client.chat.completions.create(model=CHAT, messages=QUESTION, n=2)
        self.assertEqual(refused.exception.param, "n")

    def test_a_prompt_longer_than_the_context_is_refused_with_both_numbers(self):
        long = [{"role": "user", "content": "word " * 9000}]
        with self.assertRaises(openai.BadRequestError) as refused:
            self.client.chat.completions.create(model=CHAT, messages=long)
        self.assertRegex(refused.exception.message, r"9\d{3} tokens.* 819\d")

    def test_a_wrong_key_is_refused(self):
        with self.assertRaises(openai.AuthenticationError):
            self.signed_in_with("anya_wrong").models.list()


def dot(left, right):
    return sum(a * b for a, b in zip(left, right))


if __name__ == "__main__":
    unittest.main()
