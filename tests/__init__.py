from . import test_rules_of_money
