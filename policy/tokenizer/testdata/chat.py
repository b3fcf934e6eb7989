"""Writes the golden files of chat templates with transformers' own renderer.

    python3 -m venv venv && venv/bin/pip install transformers==5.23.0 jinja2==3.1.6
    venv/bin/python chat.py chat.json                                 of the templates below, which use what published ones use
    venv/bin/python chat.py OUT.json NAME=tokenizer_config.json …     of published models

Each case has the template and its tokens, the conversation, and the text, or the error that the template raises.
"""

import json
import pathlib
import sys

from transformers.utils.chat_template_utils import render_jinja_template

OURS = {
    "chatml": (
        "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou help.<|im_end|>\n' }}{% endif %}"
        "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    ),
    "headers": (
        "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|h|>' + message['role'] + '<|/h|>\\n\\n' + message['content'] | trim + eos_token %}"
        "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}\n  {%- if add_generation_prompt %}\n    {{ '<|h|>assistant<|/h|>\\n\\n' }}\n  {%- endif %}\n"
    ),
    "thinking": (
        "{%- if tools %}\n    {{- '# Tools\\n' }}\n    {%- for tool in tools %}\n        {{- \"\\n\" }}\n        {{- tool | tojson }}\n    {%- endfor %}\n{%- endif %}\n"
        "{%- set ns = namespace(last=messages|length - 1, open=true) %}\n{%- for message in messages[::-1] %}\n    {%- set index = (messages|length - 1) - loop.index0 %}\n"
        "    {%- if ns.open and message.role == \"user\" and not(message.content.startswith('<tool>') and message.content.endswith('</tool>')) %}\n"
        "        {%- set ns.open = false %}\n        {%- set ns.last = index %}\n    {%- endif %}\n{%- endfor %}\n"
        "{%- for message in messages %}\n    {%- set reasoning = '' %}\n    {%- if message.reasoning_content is defined and message.reasoning_content is not none %}{%- set reasoning = message.reasoning_content %}\n"
        "    {%- elif '</think>' in message.content %}\n        {%- set reasoning = message.content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}\n    {%- endif %}\n"
        "    {{- '[' ~ message.role ~ ':' ~ loop.index0 ~ (' last' if loop.last else '') ~ ('>' if loop.index0 > ns.last) ~ (']' if messages[-1].role != 'user' else '.') + reasoning + '|' + message.content.split('</think>')[-1].strip() }}\n"
        "    {%- if message.tool_calls %}\n        {%- for call in message.tool_calls %}{{- call.function.name ~ '(' ~ (call.function.arguments | tojson) ~ ')' }}{%- endfor %}\n    {%- endif %}\n"
        "{%- endfor %}\n{%- if add_generation_prompt and enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>' }}{%- endif %}"
    ),
    "strict": "{% for m in messages %}{% if m['role'] not in ['user', 'assistant'] %}{{ raise_exception('Only user and assistant') }}{% endif %}{{ m['content'] | upper }}{% if not loop.last %},{% endif %}{% endfor %}",
}
TOOL = {"function": {"description": "Adds <two> & \"more\" é, 'or': less", "name": "add", "parameters": {"properties": {"a": {"type": "number"}, "b": {"items": {"type": "integer"}, "type": "array"}}, "required": ["a"], "type": "object"}}, "type": "function"}
CALL = {"function": {"arguments": {"a": 1, "b": [2, 3.5]}, "name": "add"}, "type": "function"}


def turn(role, content, **more):
    return {"role": role, "content": content, **more}


CONVERSATIONS = [
    ([turn("user", "What is 2 + 3?")], None, True, {}),
    ([turn("system", "Be brief.  "), turn("user", " Hi\n"), turn("assistant", "<think>\nhm\n</think>\n\nHello, \"you\""), turn("user", "日本 é <b> & {{ x }}")], None, True, {}),
    ([turn("user", "a"), turn("assistant", "b")], None, False, {}),
    ([turn("user", "a"), turn("assistant", "b"), turn("user", "c"), turn("assistant", "d"), turn("user", "e")], None, False, {}),
    ([turn("system", "S"), turn("user", "add")], [TOOL], True, {}),
    ([turn("user", "add"), turn("assistant", "", tool_calls=[CALL]), turn("tool", "3"), turn("tool", "4"), turn("user", "ok")], [TOOL], True, {}),
    ([turn("user", "x")], None, True, {"enable_thinking": False}),
    ([turn("user", "x"), turn("assistant", "y", reasoning_content="why")], None, True, {"enable_thinking": True}),
]


def templates(args):
    if not args:
        return {name: (text, {"bos_token": "<s>", "eos_token": "</s>"}) for name, text in OURS.items()}
    out = {}
    for arg in args:
        name, path = arg.split("=", 1)
        config = json.loads(pathlib.Path(path).read_text())
        tokens = {k: config.get(k) for k in ("bos_token", "eos_token", "pad_token", "unk_token")}
        tokens = {k: v["content"] if isinstance(v, dict) else v for k, v in tokens.items() if v}
        out[name] = (config["chat_template"], tokens)
    return out


def main():
    out = []
    for name, (template, tokens) in templates(sys.argv[2:]).items():
        for messages, tools, answer, more in CONVERSATIONS:
            text, error = None, None
            try:
                rendered, _ = render_jinja_template([messages], tools=tools, chat_template=template, add_generation_prompt=answer, **tokens, **more)
                text = rendered[0]
            except Exception as e:  # what the template raises
                error = str(e)
            out.append({"name": name, "template": template, "tokens": tokens, "messages": messages, "tools": tools, "answer": answer, "more": more, "text": text, "error": error})
    pathlib.Path(sys.argv[1]).write_text(json.dumps(out, indent=0) + "\n")
    print(len(out), "cases,", sum(c["error"] is not None for c in out), "raise")


main()
