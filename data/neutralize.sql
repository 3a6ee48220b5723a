-- A restored copy must not be able to charge a card: its accounts lose their secrets and their environment.
UPDATE nets_account SET environment = 'simulator', simulator_url = NULL;
UPDATE nets_terminal SET environment = 'simulator';
DELETE FROM nets_account_secret;
-- what is still open belongs to the original database
UPDATE nets_transaction SET next_lookup_at = NULL, next_booking_at = NULL WHERE state IN ('pending', 'unknown') OR to_book;
