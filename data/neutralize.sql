-- A restored copy must not be able to charge a card: its accounts lose their secrets and their environment.
UPDATE nets_account SET environment = 'simulator', simulator_url = NULL;
-- one terminal id may have been in several environments; only one of them can be the simulator's
UPDATE nets_terminal SET environment = 'simulator' WHERE id IN (
    SELECT DISTINCT ON (identifier) id FROM nets_terminal ORDER BY identifier, environment = 'simulator' DESC, id
);
UPDATE nets_terminal SET active = FALSE WHERE environment != 'simulator';
DELETE FROM nets_account_secret;
-- nor may a browser that shows it drive the shop's own terminals
UPDATE nets_terminal SET agent_address = NULL;
-- what is still open belongs to the original database
UPDATE nets_transaction SET next_lookup_at = NULL, next_booking_at = NULL WHERE state IN ('pending', 'unknown') OR to_book;
