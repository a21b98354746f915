"""What a child process that has torch_npu begins with."""

SETUP = """
import json, sys, time
import torch, torch_npu

def answer(**facts):
    print("\\n" + json.dumps(facts))
"""
