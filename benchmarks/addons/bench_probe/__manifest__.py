{
    "name": "Benchmarks: what they need inside Odoo",
    "version": "19.0.1.0.0",
    "author": "nets_connect_cloud contributors",
    "license": "LGPL-3",
    "depends": ["base"],
    "post_load": "post_load",
    "installable": True,
}
