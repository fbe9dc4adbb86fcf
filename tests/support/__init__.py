"""What tests share: fixtures, fakes and the programs that they start; no tests."""
