"""Archives, encryption, retention, restore and proof. To come."""
