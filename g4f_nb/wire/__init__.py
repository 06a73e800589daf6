"""HTTP and event streams: sessions, deadlines, tries, redirects, and what went wrong in our own words."""
