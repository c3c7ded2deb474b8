"""What a language model answers: from what was asked and a draw to pieces of thinking, text, tool calls and images. All pure."""
