#!/usr/bin/env python3
"""Writes what torch learns from the committed checkpoints when only some of their parameters are trained.

Usage: make_training.py src/test/resources/parity OUT/golden.safetensors

For each case below: CASE.losses [20] f32, the loss before each step of torch.optim.AdamW(lr=1e-3, weight_decay=0.01)
on the checkpoint's golden batch, in float32 without dropout, and CASE.weight, one parameter after the last step.
"""
import fnmatch, sys, os
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

# name: checkpoint, patterns of what is frozen, the parameter to compare
CASES = {
    "frozen-first": ("bert-classify", ["bert.embeddings.*", "bert.encoder.layer.0.*"], "bert.encoder.layer.1.output.dense.weight"),
    "frozen-biases": ("bert-classify", ["*.bias", "bert.encoder.layer.1.*"], "bert.encoder.layer.0.output.dense.weight"),
    "frozen-tied": ("qwen2", ["model.embed_tokens.weight"], "model.norm.weight"),
}

def main(folder, out):
    golden = {}
    for case, (name, patterns, compared) in CASES.items():
        path = os.path.join(folder, name)
        auto = AutoModelForSequenceClassification if "classify" in name else AutoModelForCausalLM
        model = auto.from_pretrained(path, dtype=torch.float32, attn_implementation="eager").eval()
        data = load_file(os.path.join(path, "golden.safetensors"))
        inputs = {k: data[k] for k in ("input_ids", "attention_mask", "token_type_ids", "labels") if k in data}
        for n, p in model.named_parameters():
            p.requires_grad_(not any(fnmatch.fnmatchcase(n, pattern) for pattern in patterns))
        optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3, weight_decay=0.01)
        losses = []
        for _ in range(20):
            optimizer.zero_grad()
            loss = model(**inputs).loss
            losses.append(loss.item())
            loss.backward()
            optimizer.step()
        golden[case + ".losses"] = torch.tensor(losses)
        golden[case + ".weight"] = dict(model.named_parameters())[compared].detach().clone()
        print(f"{case:16s} {losses[0]:.4f} -> {losses[-1]:.4f}")
    save_file(golden, out, metadata={"torch": torch.__version__})

main(*sys.argv[1:])
