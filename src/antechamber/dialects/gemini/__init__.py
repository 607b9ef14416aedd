"""The Messages shapes in the terms of Gemini's generateContent, and its answers as events."""
