"""One function for each thing that the API can do: plain Python in and out."""
