#!/usr/bin/env python3
"""Writes what torch learns from the committed checkpoints when it multiplies matrices in bf16.

Usage: make_bf16.py src/test/resources/parity OUT/bf16.safetensors

For each checkpoint below NAME.losses [20] f32, the loss before each step of torch.optim.AdamW(lr=1e-3, weight_decay=0.01) on
the checkpoint's golden batch, without dropout, with float32 parameters under torch.autocast("cpu", torch.bfloat16).
"""
import os, sys
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

def main(folder, out):
    golden = {}
    for name in ("llama", "qwen3", "gemma2", "gpt2", "gpt-neox", "bert-classify"):
        path = os.path.join(folder, name)
        auto = AutoModelForSequenceClassification if "classify" in name else AutoModelForCausalLM
        data = load_file(os.path.join(path, "golden.safetensors"))
        inputs = {k: data[k] for k in ("input_ids", "attention_mask", "token_type_ids", "labels") if k in data}
        for narrow in (False, True):
            model = auto.from_pretrained(path, dtype=torch.float32, attn_implementation="eager").eval()
            optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
            losses = []
            for _ in range(20):
                optimizer.zero_grad()
                with torch.autocast("cpu", torch.bfloat16, enabled=narrow):
                    loss = model(**inputs).loss
                losses.append(loss.item())
                loss.backward()
                optimizer.step()
            if narrow:
                golden[name + ".losses"] = torch.tensor(losses)
                apart = max(abs(a - b) for a, b in zip(losses, wide))
                print(f"{name:16s} {losses[0]:.4f} -> {losses[-1]:.4f}, at most {apart:.4f} from float32")
            wide = losses
    save_file(golden, out, metadata={"torch": torch.__version__})

main(*sys.argv[1:])
