"""Answers each line, a JSON array, with a JSON object: CPU seconds of a checkpoint in transformers, on one thread.

["train", steps, rows, length] forward, backward and AdamW on random tokens; ["decode", prompt, new] greedy with a cache.
"""
import json, sys, time

import torch
from transformers import AutoModelForCausalLM

torch.set_num_threads(1)
torch.manual_seed(1)
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32, attn_implementation="sdpa")
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)


def train(steps, rows, length):
    model.train()
    ids = torch.randint(0, model.config.vocab_size, (rows, length))
    begun = time.process_time()
    for _ in range(steps):
        optimizer.zero_grad()
        model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
        optimizer.step()
    return {"cpuSeconds": time.process_time() - begun}


def decode(prompt, new):
    model.eval()
    ids = torch.randint(3, model.config.vocab_size, (1, prompt))
    begun = time.process_time()
    with torch.inference_mode():
        out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=new,
                             min_new_tokens=new, use_cache=True, pad_token_id=0)
    return {"cpuSeconds": time.process_time() - begun, "tokens": out.shape[1] - prompt}


VERBS = {"train": train, "decode": decode, "versions": lambda: {"torch": torch.__version__}}
for line in sys.stdin:
    verb, *arguments = json.loads(line)
    try:
        answer = VERBS[verb](*arguments)
    except Exception as failed:
        answer = {"error": repr(failed)}
    print(json.dumps(answer), flush=True)
