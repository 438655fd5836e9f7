#!/usr/bin/env python3
"""Writes adapters with the real PEFT, to be loaded beside the committed checkpoints.

Usage: make_peft.py src/test/resources/parity src/test/resources/peft

OUT/CASE is what peft_model.save_pretrained wrote, of adapters whose two matrices are both drawn at random, and of
classifiers' heads drawn anew; OUT/CASE/logits.safetensors has logits, what base and adapters then give for the
checkpoint's golden batch in float32 without dropout.
"""
import os, sys
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

# name: checkpoint, rank, alpha, targets, task
CASES = {
    "llama": ("llama", 4, 8, ["q_proj", "v_proj", "down_proj"], "CAUSAL_LM"),
    "gpt2": ("gpt2", 3, 5, ["c_attn"], "CAUSAL_LM"),
    "bert": ("bert-classify", 2, 6, ["query", "value"], "SEQ_CLS"),
}

def main(folder, out):
    for case, (name, rank, alpha, targets, task) in CASES.items():
        torch.manual_seed(2)
        path = os.path.join(folder, name)
        auto = AutoModelForSequenceClassification if task == "SEQ_CLS" else AutoModelForCausalLM
        model = auto.from_pretrained(path, dtype=torch.float32, attn_implementation="eager")
        config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=targets, task_type=task, lora_dropout=0.05)
        adapted = get_peft_model(model, config).eval()
        with torch.no_grad():
            for n, p in adapted.named_parameters():
                if "lora_" in n or "modules_to_save" in n:
                    p.copy_(torch.randn_like(p) * 0.1)
        adapted.save_pretrained(os.path.join(out, case))
        readme = os.path.join(out, case, "README.md")
        if os.path.exists(readme):
            os.remove(readme)
        data = load_file(os.path.join(path, "golden.safetensors"))
        inputs = {k: data[k] for k in ("input_ids", "attention_mask", "token_type_ids") if k in data}
        with torch.no_grad():
            logits = adapted(**inputs).logits
        save_file({"logits": logits}, os.path.join(out, case, "logits.safetensors"))
        print(case, sorted(load_file(os.path.join(out, case, "adapter_model.safetensors")))[:3])

main(*sys.argv[1:])
