"""The stores beside the tables of the product. Each module has one store with the interface of `store.Store`."""
