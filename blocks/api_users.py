"""The block with the users of the REST API."""

from __future__ import annotations

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

from blocks.user_list import ApiUser, parse_users


class ApiUsers(Block):
    """Users of the REST API, each with a role and the argon2 hash of a password.

    Example:
        Save a block whose only user may start work, and name it in RETAIL_API:
        ```python
        from blocks import ApiUsers

        ApiUsers(users="ann:operator:$argon2id$...").save("BLOCK_NAME")
        ```

        Load the block to list the names:
        ```python
        from blocks import ApiUsers

        print([user.name for user in ApiUsers.load("BLOCK_NAME").api_users()])
        ```
    """

    _block_type_name = "Retail API Users"
    _block_type_slug = "retail-api-users"
    _logo_url = HttpUrl("https://supabase.com/favicon/favicon-196x196.png")
    _documentation_url = HttpUrl("https://docs.prefect.io/v3/concepts/blocks")

    # One secret, since Prefect's form cannot show or keep a list of secrets.
    users: SecretStr = Field(
        default=SecretStr(""),
        title="Users",
        description="One user a line as NAME:ROLE:HASH; the role is viewer or operator. `retail api-user NAME` asks for "
        "the password and prints the line.",
    )

    def api_users(self) -> tuple[ApiUser, ...]:
        """Convert the block to the users.

        Raises:
            SettingsError: There is none, or an entry is invalid.
        """
        return parse_users(self.users.get_secret_value(), "The ApiUsers block")
