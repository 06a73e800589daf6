"""What a text takes: tokens estimated, contexts compared, prices looked up."""
