"""All SQL, and the life of the database that it runs on."""
