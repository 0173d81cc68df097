"""llama.cpp on the same GGUF file and number of threads as the box, as a yardstick.

Reads {"model", "threads", "prefill": [prompts], "decode": prompt, "tokens"} from standard input; writes
{"name", "prefill", "decode"}, both in tokens per second by llama.cpp's own clock, the best of the runs.
"""

import json
import os
import sys

import xllamacpp


def main():
    asked = json.load(sys.stdin)
    # llama.cpp's library tells its story on standard output too.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    params = xllamacpp.CommonParams()
    params.model.path = asked["model"]
    params.n_ctx = 2048
    params.n_parallel = 1
    params.cpuparams.n_threads = asked["threads"]
    params.cpuparams_batch.n_threads = asked["threads"]
    server = xllamacpp.Server(params)

    def timings(prompt, tokens):
        reply = server.handle_chat_completions({
            "messages": [{"role": "user", "content": prompt}],
            "temperature": 0, "max_tokens": tokens, "cache_prompt": False,
        })
        return (json.loads(reply) if isinstance(reply, (str, bytes)) else reply)["timings"]

    timings("Hello", 4)
    prefill = [timings(prompt, 1)["prompt_per_second"] for prompt in asked["prefill"]]
    decode = [timings(asked["decode"], asked["tokens"])["predicted_per_second"] for _ in range(2)]
    json.dump({
        "name": f"llama.cpp, xllamacpp {xllamacpp.__version__}", "prefill": max(prefill), "decode": max(decode),
    }, answer)


if __name__ == "__main__":
    main()
